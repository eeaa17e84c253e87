"""What is trained, and how: configs and presets, tasks and their packing, the model, the optimisers, the trainer, and what a run
leaves behind.

May import `numbers`. Start with `config`, then `tasks`, `model` and `trainer`; `runs.load_run` brings a trained network back.
"""
