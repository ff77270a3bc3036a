"""The type checker that the import hook in ``conftest.py`` puts on every function of the project."""

from beartype import BeartypeConf, beartype

checked = beartype(conf=BeartypeConf(is_pep484_tower=True))  # an int is welcome where a float is asked for
