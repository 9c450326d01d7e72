"""The checks of records: a module for each ecosystem."""
from ecosystems.apt import check_apt
from ecosystems.conda import check_conda
from ecosystems.files import check_file
from ecosystems.huggingface import check_huggingface
from ecosystems.npm import check_npm
from ecosystems.oci import check_oci
from ecosystems.pypi import check_pypi

RECORD_CHECKS = {"file": check_file, "npm": check_npm, "pypi": check_pypi, "apt": check_apt, "huggingface": check_huggingface, "conda": check_conda,
                 "oci": check_oci}
