"""Flows by schedule."""
