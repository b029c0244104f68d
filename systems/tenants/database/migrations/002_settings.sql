CREATE TABLE settings (
    name text PRIMARY KEY,
    value jsonb NOT NULL
);
INSERT INTO settings VALUES ('locale', '"en"'), ('retention_days', '365');
