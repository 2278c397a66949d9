"""Reading a business's folder, its pack, and telling every fault in it by file and line."""
