"""Make ordinal_answers.csv: 400 answers on six levels to two drivers, the second breaking proportional odds."""

from pathlib import Path

import numpy as np
import pandas as pd

rng = np.random.default_rng(11)
delivery, price = rng.integers(1, 11, 400), rng.integers(1, 11, 400)
latent = 0.5 * delivery + 0.25 * price + rng.logistic(size=400) * (0.6 + 0.12 * price)
recommend = np.clip(np.floor(latent), 1, 6).astype(int)
frame = pd.DataFrame({"delivery": delivery, "price": price, "recommend": recommend})
frame.to_csv(Path(__file__).with_suffix(".csv"), index=False, lineterminator="\n")
