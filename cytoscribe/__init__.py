"""Mine cytoarchitecture from papers, caption microscopy by region label, and train models that know what they have not seen."""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("cytoscribe")
except PackageNotFoundError:  # a source tree that was never installed
    __version__ = "0+unknown"
