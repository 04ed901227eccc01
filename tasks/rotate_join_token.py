"""Take back every token by which a machine could join the cluster. The deploy makes a new one whenever it needs it."""

from day_two import rotate_join_token

rotate_join_token.take_tokens_back()
