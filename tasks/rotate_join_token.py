"""Delete every join token of the Kubernetes cluster. The deploy makes a new one when it needs it."""

from day_two import rotate_join_token

rotate_join_token.rotate_join_token()
