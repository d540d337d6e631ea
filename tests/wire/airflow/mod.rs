//! Apache Airflow's connections as profiles.

mod backend;
mod cases;
mod connection;
mod saml;
mod shell;
