"""Tests of food delivery."""
