"""The report on a search: one HTML file with everything in it, which needs neither a network nor JavaScript."""

from symloss.report.document import page
from symloss.report.facts import Facts
from symloss.report.reading import gather
from symloss.report.write import write_report

__all__ = ["Facts", "gather", "page", "write_report"]
