"""What a store does with a delivery: look, place, conclude, tidy up."""
