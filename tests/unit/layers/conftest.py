"""Property tests here are pure arithmetic: what a busy machine takes for one example says nothing."""

from hypothesis import settings

settings.register_profile("layers", deadline=None)
settings.load_profile("layers")
