-- What PostgreSQL holds for the team: Prefect's flows, runs and schedules; MLflow's runs and models, and its accounts. A user for each program, who
-- reaches its own databases only. Run once, by psql, in an empty cluster; the passwords come from the environment.
\getenv prefect_password PREFECT_DATABASE_PASSWORD
\getenv mlflow_password MLFLOW_DATABASE_PASSWORD
CREATE ROLE prefect LOGIN PASSWORD :'prefect_password';
CREATE ROLE mlflow LOGIN PASSWORD :'mlflow_password';
CREATE DATABASE prefect OWNER prefect;
CREATE DATABASE mlflow OWNER mlflow;
CREATE DATABASE mlflow_login OWNER mlflow;
REVOKE CONNECT, TEMPORARY ON DATABASE prefect, mlflow, mlflow_login, postgres FROM PUBLIC;
