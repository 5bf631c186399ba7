"""The bot as a Django app."""

from django.apps import AppConfig


class BotworkerConfig(AppConfig):
    """The only app that knows Discord."""

    name = "botworker"
