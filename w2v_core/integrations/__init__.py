"""Other systems that a run reports to: MLflow."""
