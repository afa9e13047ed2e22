"""The reference's side of the verb `nf4`: bitsandbytes' CPU operators on the given shape, nested scales, bfloat16.

Reads `dequantize THREADS` or `quantize THREADS`, a line each, and answers with the seconds of a call: the median of some after one that is not counted.
"""
import os
import sys

# Its operators allocate their result at each call, and large results from the system: most of the time goes into page faults. With `kept` they stay in the heap, and the
# work alone is measured; with `fresh` it is measured as it runs by itself.
if sys.argv[3] == "kept" and "MALLOC_MMAP_MAX_" not in os.environ:
    os.environ.update(MALLOC_MMAP_MAX_="0", MALLOC_TRIM_THRESHOLD_=str(1 << 34))
    os.execv(sys.executable, [sys.executable, "-u", *sys.argv])

import statistics
import time

import torch
from bitsandbytes import functional

rows, columns = int(sys.argv[1]), int(sys.argv[2])
weight = torch.randn(rows, columns, generator=torch.Generator().manual_seed(0)).to(torch.bfloat16)
settings = dict(blocksize=64, quant_type="nf4", compress_statistics=True)
packed, state = functional.quantize_4bit(weight, **settings)
tasks = dict(dequantize=lambda: functional.dequantize_4bit(packed, state), quantize=lambda: functional.quantize_4bit(weight, **settings))
for line in sys.stdin:
    task, threads = line.split()
    torch.set_num_threads(int(threads))
    seconds = []
    for call in range(-1, 1 if task == "quantize" else 5):
        started = time.perf_counter()
        result = tasks[task]()
        if call >= 0:
            seconds.append(time.perf_counter() - started)
        del result
    print(statistics.median(seconds), flush=True)
