"""Will she buy again, and what is she worth?"""
