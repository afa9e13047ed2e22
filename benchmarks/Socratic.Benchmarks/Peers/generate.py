"""The reference's side of the verb `generate`: reads {"prompts", "tokens"}, a line each, and answers with {"seconds", "tokens"}."""
import json
import sys
import time

import torch
from transformers import AutoModelForCausalLM

folder, threads = sys.argv[1], int(sys.argv[2])
torch.set_num_threads(threads)
model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager").eval()
model.generation_config.eos_token_id = None
for line in sys.stdin:
    task = json.loads(line)
    length = max(len(p) for p in task["prompts"])
    ids = torch.tensor([[0] * (length - len(p)) + p for p in task["prompts"]])
    mask = torch.tensor([[0] * (length - len(p)) + [1] * len(p) for p in task["prompts"]])
    started = time.perf_counter()
    with torch.no_grad():
        out = model.generate(input_ids=ids, attention_mask=mask, do_sample=False, max_new_tokens=task["tokens"], pad_token_id=0)
    seconds = time.perf_counter() - started
    print(json.dumps(dict(seconds=seconds, tokens=out[:, length:].tolist())), flush=True)
