"""Time pingouin's LMG: argument 1 is a CSV with the outcome last. Run it in an environment that has pingouin."""

import sys
import time

import pandas as pd
import pingouin

frame = pd.read_csv(sys.argv[1])
start = time.process_time()
result = pingouin.linear_regression(frame.iloc[:, :-1], frame.iloc[:, -1], relimp=True)
print(time.process_time() - start, *result["relimp"].to_numpy()[1:], sep=",")
