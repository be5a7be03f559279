"""What runs the course and no model needs: claims, doctor, command line."""
