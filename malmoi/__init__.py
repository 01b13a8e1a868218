"""The core of Malmoi: text in, numbers out. Knows no DVC, no Prefect, no MLflow, and no path it was not given."""
