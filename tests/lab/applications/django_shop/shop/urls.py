"""The shop's pages."""

from __future__ import annotations

from django.urls import path

from . import views

urlpatterns = [
    path("health", views.health),
    path("items", views.create),
    path("items/<int:number>", views.show),
]
