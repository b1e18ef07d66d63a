"""The whole main job on a made or given corpus, scored."""
