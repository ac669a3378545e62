//! Images to a registry and checkpoints to S3: streamed, resumable, with byte progress.
