//! The database.

use super::super::{OURS, REFERENCE};
use crate::answers::value::{DbInstanceClass, PostgresVersion};
use crate::answers::{Default, Kind, Question, Reference, Text, Value};

/// The class of the database.
pub const DATABASE_INSTANCE_CLASS: Question = Question {
    key: "database_instance_class",
    label: "Database class",
    kind: Kind::Text(Text::of::<DbInstanceClass>()),
    default: Default::Text("db.m7g.xlarge"),
    why: "PostgreSQL holds users, agents and history, and grows with them.",
    consequence: "It can change later, with a restart of the database.",
    basis: REFERENCE,
    example: "\"db.m7g.xlarge\"",
    name: Reference::Confirmed,
    feeds: Some("database_instance_class"),
    ..Question::PLAIN
};

/// Whether the database has a standby.
pub const DATABASE_MULTI_AZ: Question = Question {
    key: "database_multi_az",
    label: "Database in two zones",
    default: Default::Flag(true),
    why: "A standby in a second zone takes over when the first fails.",
    consequence: "With `false` it costs half, and a failure of its zone stops the platform.",
    basis: REFERENCE,
    example: "true",
    name: Reference::OwnName,
    feeds: Some("database_multi_az"),
    ..Question::PLAIN
};

/// The version of `PostgreSQL`.
pub const DATABASE_ENGINE_VERSION: Question = Question {
    key: "database_engine_version",
    label: "PostgreSQL version",
    kind: Kind::Text(Text::of::<PostgresVersion>()),
    default: Default::Text("17"),
    why: "RDS supports each major version for about five years.",
    consequence: "With a major version alone RDS keeps up with its minor versions.",
    basis: OURS,
    example: "\"17\"",
    feeds: Some("database_engine_version"),
    ..Question::PLAIN
};

/// The storage of the database at first.
pub const DATABASE_ALLOCATED_STORAGE_GB: Question = Question {
    key: "database_allocated_storage_gb",
    label: "Database storage",
    kind: Kind::Number { min: 20, max: 65536, unit: "GB" },
    default: Default::Number(100),
    why: "The database begins with so much storage.",
    consequence: "It grows by itself, and never shrinks.",
    basis: OURS,
    example: "100",
    feeds: Some("database_allocated_storage_gb"),
    ..Question::PLAIN
};

/// The storage that the database may grow to.
pub const DATABASE_MAX_ALLOCATED_STORAGE_GB: Question = Question {
    key: "database_max_allocated_storage_gb",
    label: "Storage at most",
    kind: Kind::Number { min: 21, max: 65536, unit: "GB" },
    default: Default::Derived {
        value: |answers| {
            let storage = answers.number(&DATABASE_ALLOCATED_STORAGE_GB)?;
            Some(Value::Number((storage * 10).min(65536)))
        },
        how: "ten times database_allocated_storage_gb",
    },
    why: "It bounds what the storage can cost.",
    consequence: "A database that reaches it stops to take data.",
    basis: OURS,
    example: "1000",
    feeds: Some("database_max_allocated_storage_gb"),
    ..Question::PLAIN
};

/// How long backups are kept.
pub const DATABASE_BACKUP_RETENTION_DAYS: Question = Question {
    key: "database_backup_retention_days",
    label: "Backups are kept",
    kind: Kind::Number { min: 1, max: 35, unit: "days" },
    default: Default::Number(14),
    why: "The database can be brought back to any moment of these days.",
    consequence: "RDS keeps automatic backups for so many days.",
    basis: OURS,
    example: "14",
    feeds: Some("database_backup_retention_days"),
    ..Question::PLAIN
};
