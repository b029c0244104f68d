"""Tests of order fulfilment."""
