"""Pictures as SVG, made on the server. Lengths across are percentages, so that texts and dots never stretch; colours are the style sheet's.

svg         elements with their attributes escaped
scale       values to percentages across
interval    one interval on a common scale
closing_in  an interval over time
outcomes    how the sessions of both arms ended
columns     a number per day or per portion
shares      how a whole is divided
strip       what happened along a session
"""

from dashboard.charts.closing_in import closing_in
from dashboard.charts.columns import columns
from dashboard.charts.interval import interval
from dashboard.charts.outcomes import outcomes
from dashboard.charts.shares import shares
from dashboard.charts.strip import strip

__all__ = ["closing_in", "columns", "interval", "outcomes", "shares", "strip"]
