"""From records to pages: statistics, plots, reports."""
