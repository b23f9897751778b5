from django.db import models


class Order(models.Model):
    item = models.CharField(max_length=100)
    receipt = models.CharField(max_length=100, blank=True)


class Stock(models.Model):
    orders = models.IntegerField()
