"""The only room with files, network and AWS."""
