from . import fetchmail_folder
