"""Take back every token by which a machine could join the cluster. The deploy makes a new one whenever it needs it."""

from phases import workers

workers.take_tokens_back()
