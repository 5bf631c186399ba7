"""The economy's own address."""

from django.urls import path

from economy import views

urlpatterns = [path("economy", views.economy, name="economy")]
