"""The reference's side of the verb `lora`: forward and backward of one batch, with adapters and with the same parameters frozen.

Reads `adapted` or `frozen`, a line each, and answers with the seconds of one pass.
"""
import json
import os
import sys
import time

import peft
import torch
from transformers import AutoModelForCausalLM

folder, threads, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
clock = time.process_time if sys.argv[4] == "cpu" else time.perf_counter
torch.set_num_threads(threads)
rows = json.load(open(os.path.join(folder, "rows.json")))[:count]
length = -(-max(len(r["input_ids"]) for r in rows) // 8) * 8


def pad(values, fill):
    return values + [fill] * (length - len(values))


batch = dict(
    input_ids=torch.tensor([pad(r["input_ids"], 0) for r in rows]),
    attention_mask=torch.tensor([pad([1] * len(r["input_ids"]), 0) for r in rows]),
    labels=torch.tensor([pad(r["labels"], -100) for r in rows]))


def load():
    return AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager")


frozen = load()
frozen.requires_grad_(False)
frozen.enable_input_require_grads()
adapted = peft.PeftModel.from_pretrained(load(), os.path.join(folder, "adapter"), is_trainable=True)
models = dict(adapted=adapted.train(), frozen=frozen.train())
for line in sys.stdin:
    model = models[line.strip()]
    started = clock()
    model(**batch).loss.backward()
    model.zero_grad()
    print(clock() - started, flush=True)
