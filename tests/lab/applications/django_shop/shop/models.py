"""The shop's tables."""

from __future__ import annotations

from django.db import models


class Item(models.Model):
    """Something to sell; a task confirms it."""

    name: models.CharField[str, str] = models.CharField(max_length=50)
    confirmed_by: models.CharField[str, str] = models.CharField(max_length=50, blank=True)

    def __str__(self) -> str:
        """Give its name."""
        return self.name
