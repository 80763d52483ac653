"""Write data/cdnow.csv from the two purchase logs in the wheel of lifetimes 0.11.3 (MIT).

Usage: python tools/extract_cdnow.py WHEEL
"""

import hashlib
import sys
import zipfile
from pathlib import Path

SOURCES = {
    "lifetimes/datasets/CDNOW_master.txt": "eff6889ed364c5199d6eacbbeb7a6d559971df4406ac876f322c373f00a072ef",
    "lifetimes/datasets/CDNOW_sample.txt": "6fae10155c0b0ba363c2c386e30f77990d22328220efd862a5edd1443420d94a",
}


def read_rows(wheel: zipfile.ZipFile, name: str) -> list[list[str]]:
    """Fields of each line of one log, its checksum verified."""
    content = wheel.read(name)
    if hashlib.sha256(content).hexdigest() != SOURCES[name]:
        raise SystemExit(f"{name} is not the file that was checked")
    return [line.split() for line in content.decode("ascii").splitlines() if line.strip()]


def main(wheel_path: str) -> None:
    """Write one line per order: customer_id, date, quantity, amount, sample (1 if in the 1/10 sample)."""
    with zipfile.ZipFile(wheel_path) as wheel:
        master, sample = (read_rows(wheel, name) for name in SOURCES)
    sampled = {row[0] for row in sample}
    lines = ["customer_id,date,quantity,amount,sample"]
    for customer, day, quantity, amount in master[1:]:
        iso = f"{day[:4]}-{day[4:6]}-{day[6:]}"
        lines.append(f"{customer},{iso},{quantity},{amount},{int(customer in sampled)}")
    Path("data/cdnow.csv").write_text("\n".join(lines) + "\n", encoding="ascii")


if __name__ == "__main__":
    main(sys.argv[1])
