"""What do we know about it? A question in, cited passages and a grounded answer out."""
