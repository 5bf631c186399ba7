"""The dashboard's own addresses."""

from django.contrib.auth.views import LogoutView
from django.urls import path

from dashboard import bot_views, panel, probes, signin, views

urlpatterns = [
    path("", views.overview, name="overview"),
    path("events", views.events, name="events"),
    path("events.csv", views.events_csv, name="events-csv"),
    path("events/<int:seq>", views.event, name="event"),
    path("commands", bot_views.commands, name="commands"),
    path("guilds", bot_views.guild_list, name="guilds"),
    path("guilds/<int:guild_id>", bot_views.guild, name="guild"),
    path("shards", bot_views.shards, name="shards"),
    path("api/commands", bot_views.api_commands, name="api-commands"),
    path("api/guilds", bot_views.api_guilds, name="api-guilds"),
    path("api/guilds/<int:guild_id>", bot_views.api_guild, name="api-guild"),
    path("api/stats", views.api_stats, name="api-stats"),
    path("api/stats/activity", views.api_activity, name="api-activity"),
    path("api/stats/latency", views.api_latency, name="api-latency"),
    path("api/events", views.api_events, name="api-events"),
    path("healthz", probes.healthz, name="healthz"),
    path("readyz", probes.readyz, name="readyz"),
    path("metrics", probes.read_metrics, name="metrics"),
    path("favicon.ico", views.favicon, name="favicon"),
    path("control", panel.control_panel, name="control"),
    path("login/", signin.SignIn.as_view(), name="login"),
    path("logout/", LogoutView.as_view(), name="logout"),
    path("password/", signin.ChangePassword.as_view(), name="password"),
]
