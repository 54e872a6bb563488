"""Joins the dashboard's pages with everything that they show and do."""
