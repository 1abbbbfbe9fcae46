from . import hooks, models

hooks.install()
