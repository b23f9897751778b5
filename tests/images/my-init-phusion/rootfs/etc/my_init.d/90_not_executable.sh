#!/bin/sh
never
