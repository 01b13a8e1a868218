-- What PostgreSQL holds for the team: Prefect's flows, runs and schedules, and MLflow's runs and models. Run once, in an empty cluster.
CREATE DATABASE prefect;
CREATE DATABASE mlflow;
