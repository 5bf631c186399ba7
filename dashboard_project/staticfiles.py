"""How static files are named and kept."""

from whitenoise.storage import CompressedManifestStaticFilesStorage


class HashedModules(CompressedManifestStaticFilesStorage):
    """Names every file by its content, also inside the `import` lines of ES modules."""

    support_js_module_import_aggregation = True
