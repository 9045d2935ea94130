"""Making and measuring the multi-task model. Never imported at run time.

tasks.py      data sets to labelled examples
states.py     the frozen trunk's states, cached on disk
train.py      decoders and adapters from a recipe
evaluate.py   every figure of the model card
"""
