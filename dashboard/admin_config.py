"""Django's admin as an app, with our site: apart from it, for apps are configured before models."""

from django.contrib.admin.apps import AdminConfig


class AuroraAdminConfig(AdminConfig):
    """Django's own, with `admin_site.AuroraAdminSite`."""

    default_site = "dashboard.admin_site.AuroraAdminSite"
