"""From labelled comments to a model and an honest report of it. The only scikit-learn and SciPy."""
