"""Loads the plugin in a checkout, installed or not."""

pytest_plugins = ["pytester", "pytest_overnight.plugin"]

# Below each challenge's folder everything is data: hidden tests run only in a judge.
collect_ignore_glob = ["challenges/*/*"]
