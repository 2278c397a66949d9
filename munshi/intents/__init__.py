"""What does the customer want? A text in, a `Prediction` out."""
