from . import fault_counter, fault_ticket, mail_thread
