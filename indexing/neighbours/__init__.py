"""The kNN graph: who is nearest to whom, exactly or with a measured recall."""
